// A page that nobody touches asks for nothing, so that its session can end.
const restAfter = 300_000;
let touchedAt = Date.now();
for (const name of ['pointerdown', 'keydown', 'scroll'])
  addEventListener(name, () => (touchedAt = Date.now()), { capture: true, passive: true });

export function isAtRest(): boolean {
  return document.hidden || Date.now() - touchedAt > restAfter;
}
