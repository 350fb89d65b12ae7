// Defences of the policy engine: what can not be judged needs a person.
const test = 'unit/test_policy_child.c';

export default [
    { id: 'policy-rules', defence: 'New rules reach a reader that runs',
      file: 'common/io/policy_child.c',
      was: 'number == child->rules ? NULL', becomes: 'child->rules ? NULL',
      test: [test, 'test_new_rules_reach_a_child_that_runs'] },
    { id: 'policy-fold', defence: 'A name that is put together is read as a whole',
      file: 'policy/python_fold.c',
      was: 'return left || right;', becomes: 'return (left || right) && depth < 0;',
      test: [test, 'test_every_row'] },
];
