// What a session was opened with, in the words people use for it.
import { t } from '../texts';

// The first that fits: the names of others are in the texts of most.
const browsers: [RegExp, string][] = [
  [/\bEdgA?(?:iOS)?\/(\d+)/, 'Edge'],
  [/\bOPR\/(\d+)/, 'Opera'],
  [/\bSamsungBrowser\/(\d+)/, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, 'Firefox'],
  [/\b(?:Headless)?(?:Chrome|CriOS|Chromium)\/(\d+)/, 'Chrome'],
  [/\bVersion\/(\d+)\S* (?:Mobile\/\S+ )?Safari\//, 'Safari'],
];
const systems: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/** A User-Agent header as "Firefox 130 on Windows"; as it came when it is no browser's. */
export function programName(header: string): string {
  for (const [pattern, name] of browsers) {
    const version = pattern.exec(header)?.[1];
    if (!version) continue;
    const system = systems.find(([is]) => is.test(header))?.[1] ?? '';
    return t.sessions.program(`${name} ${version}`, system);
  }
  return header || t.sessions.unknown;
}
