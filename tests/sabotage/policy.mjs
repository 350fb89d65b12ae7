// Defences of the policy engine: what can not be judged needs a person.
const test = 'unit/test_policy_child.c';

export default [
    { id: 'policy-fold', defence: 'A name that is put together is read as a whole',
      file: 'policy/python_fold.c',
      was: 'return left || right;', becomes: 'return (left || right) && depth < 0;',
      test: [test, 'test_every_row'] },
];
