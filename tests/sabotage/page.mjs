// Defences of the page: what a reader sees is what is there.
const hidden = 'reviewer-ui/src/code/hidden.ts';

export default [
    { id: 'page-unseen', defence: 'Characters that can not be seen are marked',
      file: hidden,
      was: 'findUnseen(text, marks);\n  findLookalikes(text, marks);',
      becomes: 'findLookalikes(text, marks);',
      test: ['browser/parts.test.mjs',
             'every character that can not be seen is marked, in every place of a line'] },
    { id: 'page-terminal', defence: 'Terminal codes in output are marked',
      file: hidden,
      was: 'for (const { 0: found, index } of text.matchAll(escapes))',
      becomes: 'for (const { 0: found, index } of [])',
      test: ['browser/parts.test.mjs', 'terminal codes in output are one mark each'] },
];
