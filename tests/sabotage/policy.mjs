// Defences of the policy engine: what can not be judged needs a person.
const child = 'common/io/policy_child.c';
const test = 'unit/test_policy_child.c';

export default [
    { id: 'policy-shape', defence: 'An answer of another shape is no verdict',
      file: child,
      was: 'if (asked == ASKED_WELL && !is_verdict(answer))', becomes: 'if (false)',
      test: [test, 'test_a_broken_reader_needs_a_person'] },
    { id: 'policy-anew', defence: 'A reader that died is not asked again',
      file: child,
      was: '    child->pid = 0;\n    child->rules = 0;\n}\n\nvoid policy_auto',
      becomes: '    child->rules = 0;\n}\n\nvoid policy_auto',
      test: [test, 'test_a_reader_that_died_is_started_anew'] },
    { id: 'policy-rules', defence: 'New rules reach a reader that runs',
      file: child,
      was: 'number == child->rules ? NULL', becomes: 'child->rules ? NULL',
      test: [test, 'test_new_rules_reach_a_child_that_runs'] },
    { id: 'policy-unread', defence: 'What is no whole program is told',
      file: 'policy/python.c',
      was: 'if (ts_node_has_error(ts_tree_root_node(tree)) && judge->level < POLICY_HIGH)',
      becomes: 'if (false)',
      test: [test, 'test_every_row'] },
    { id: 'policy-fold', defence: 'A name that is put together is read as a whole',
      file: 'policy/python_fold.c',
      was: 'return left || right;', becomes: 'return false;',
      test: [test, 'test_every_row'] },
];
