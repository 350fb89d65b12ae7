// A QR code as one path of an SVG: dark on light in both themes, as scanners want it.
import { useMemo } from 'preact/hooks';
import { encode } from 'uqr';

// As many light modules around it as the standard asks for.
const QUIET = 4;

/** The dark modules, each run of a row as one rectangle. */
function pathOf(rows: boolean[][]): string {
  return rows
    .flatMap((row, y) =>
      [...row.map((dark) => (dark ? '#' : ' ')).join('').matchAll(/#+/g)].map(
        ({ 0: run, index }) => `M${index} ${y}h${run.length}v1h-${run.length}z`,
      ),
    )
    .join('');
}

/** How many modules wide the code of a text is, with the light ones around it, and its path. */
export function qrOf(text: string): { size: number; path: string } {
  const { data } = encode(text, { ecc: 'M', border: QUIET });
  return { size: data.length, path: pathOf(data) };
}

export function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => qrOf(text), [text]);
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
