// Now, as signals: one that moves every second and one for lists every ten.
import { signal } from '@preact/signals';

export const second = signal(Date.now());
export const moment = signal(Date.now());

setInterval(() => {
  if (document.hidden) return;
  second.value = Date.now();
  if (second.value - moment.value >= 10_000) moment.value = second.value;
}, 1000);

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) second.value = moment.value = Date.now();
});
