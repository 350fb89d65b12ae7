// What a request is called, in every place that names it.
import { t } from '../texts';

/** The first line of what somebody wrote, not too long for a list. */
export function firstLine(text: string): string {
  const line = text.trim().split('\n')[0]?.trim() ?? '';
  const letters = Array.from(line);
  return letters.length <= 120 ? line : `${letters.slice(0, 119).join('').trimEnd()}…`;
}

/** Its title; agents may send none: then how its question begins. */
export function nameOf(request: { title: string; question?: string | null }): string {
  return request.title.trim() || firstLine(request.question ?? '') || t.untitled;
}
