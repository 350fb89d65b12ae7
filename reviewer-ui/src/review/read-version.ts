// Which version of a request is on the screen.
import { useState } from 'preact/hooks';
import type { Detail } from '../base/types';

export interface ReadVersion {
  detail: Detail;
  // A newer version than that, when there is one.
  newer: number | null;
  showNewer: () => void;
}

// The version on the screen stays until the reader asks for the newer one: nobody approves
// code that changed under their eyes.
export function useReadVersion(latest: Detail): ReadVersion {
  const [kept, keepVersion] = useState(latest);
  const same = kept.revision === latest.revision;
  const newer = same ? null : latest.revision;
  return { detail: same ? latest : kept, newer, showNewer: () => keepVersion(latest) };
}
