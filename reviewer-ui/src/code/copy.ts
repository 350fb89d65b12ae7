// What is copied out of the code is its text, character by character, however it is laid out.
export function copyExactly(event: ClipboardEvent): void {
  const place = event.currentTarget as Element;
  const selection = getSelection();
  if (!selection || selection.isCollapsed || !event.clipboardData) return;
  const range = selection.getRangeAt(0);
  if (!place.contains(range.commonAncestorContainer)) return;
  event.clipboardData.setData('text/plain', range.cloneContents().textContent ?? '');
  event.preventDefault();
}

// Select all, in the code, is all of the code.
export function selectAll(event: KeyboardEvent): void {
  const code = (event.currentTarget as Element).querySelector('code');
  if (!(event.ctrlKey || event.metaKey) || event.key !== 'a' || !code) return;
  getSelection()?.selectAllChildren(code);
  event.preventDefault();
}
