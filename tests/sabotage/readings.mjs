// Defences of what the trail keeps of who was given results, inputs and output.
const download = 'api/requests/download.c';
const readings = 'sql/functions/readings.sql';
const flow = (name) => ['flow/api_readings.test.mjs', name];
const sql = (name) => ['sql/who_saw_what.sql', name];

export default [
    { id: 'reading-first', defence: 'Nobody is sent a result or a file without a row',
      file: download, was: 'if (!read_first(call, download, &rows, err))',
      becomes: 'if (!read_chunk(call->db, download, &rows, err))',
      test: flow('what can not be recorded is not given') },
    { id: 'reading-csv', defence: 'Nor a table as CSV',
      file: download, was: ': read_first(call, &at, &rows, err)',
      becomes: ': read_chunk(call->db, &at, &rows, err)',
      test: flow('a table as CSV is read like any other') },
    { id: 'reading-length', defence: 'Who asks how long it is has read nothing',
      file: download, was: 'if (call->exchange->framing.method != METHOD_GET)',
      becomes: 'if (false)',
      test: flow('who asks how long it is, or asks wrongly, has read nothing') },
    { id: 'reading-followed', defence: 'Who follows the output of a run is in the trail',
      file: 'api/routes/event.c', was: 'sql_output_follow(call->db, id, actor, &rows, err)',
      becomes: 'sql_request_state(call->db, id, call->who.person_id, &rows, err)',
      test: flow('whoever follows what a run prints is recorded, once') },
    { id: 'reading-flood', defence: 'Who polls does not fill the trail',
      file: readings, was: "interval '1 hour'", becomes: "interval '0 hours'",
      test: sql('within the hour it is known') },
    { id: 'reading-again', defence: 'Who reads again later is recorded again',
      file: readings, was: "interval '1 hour'", becomes: "interval '1000 hours'",
      test: sql('after an hour it is told again') },
    { id: 'reading-session', defence: 'What another session reads is told apart',
      file: readings, was: 'and o.session_id is not distinct from e.session_id', becomes: '',
      test: sql('are one row each') },
    { id: 'reading-item', defence: 'Each result is recorded, not only the first of a run',
      file: readings, was: "and o.body -> 'n' is not distinct from e.body -> 'n'", becomes: '',
      test: sql('are one row each') },
    { id: 'record-behind', defence: 'A copy does not speak for what came after it',
      file: 'sql/functions/verifications.sql', was: 'and (s.sealed_at < read_at) is not false',
      becomes: 'and false',
      test: ['sql/verifications.sql',
             'a copy that ends before the newest seal does not speak for it'] },
];
