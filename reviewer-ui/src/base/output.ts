// What a run prints while it runs: a stream of pieces, of which the page keeps the end.
export interface Piece {
  attempt_id: number;
  // Grows within an attempt; 0 for a word about what is missing.
  seq: number;
  stream: 'stdout' | 'stderr';
  text: string;
  dropped: number;
}

// Neighbours of one stream are one stretch, so that a sequence of signs is not cut in two.
export interface Stretch {
  key: number;
  stream: 'stdout' | 'stderr';
  text: string;
  // Bytes that are missing in front of it.
  missing: number;
}

export interface Output {
  stretches: Stretch[];
  away: boolean;
}

export const noOutput: Output = { stretches: [], away: false };

const most = 65_536;
const stretchMost = 8_192;
const again = 3_000;

function append(stretches: Stretch[], { stream, text, dropped }: Piece): Stretch[] {
  const last = stretches.at(-1);
  const joins = last && last.stream === stream && dropped === 0 && last.text.length < stretchMost;
  if (joins) return [...stretches.slice(0, -1), { ...last, text: last.text + text }];
  if (last?.text === '' && dropped === 0)
    return [...stretches.slice(0, -1), { ...last, stream, text }];
  return [...stretches, { key: (last?.key ?? 0) + 1, stream, text, missing: dropped }];
}

// The oldest goes, whole stretches at a time; what is missing is told where it was.
function bound(stretches: Stretch[]): Stretch[] {
  let size = stretches.reduce((sum, one) => sum + one.text.length, 0);
  let missing = 0;
  let first = 0;
  for (; size > most && first < stretches.length - 1; first += 1) {
    const gone = stretches[first]!;
    size -= gone.text.length;
    missing += gone.missing + gone.text.length;
  }
  if (first === 0) return stretches;
  const [next, ...rest] = stretches.slice(first);
  return [{ ...next!, missing: next!.missing + missing }, ...rest];
}

export function addPiece(stretches: Stretch[], piece: Piece): Stretch[] {
  return bound(append(stretches, piece));
}

interface Watcher {
  tell: (output: Output) => void;
  ended: () => void;
}

export function watchOutput(id: number, { tell, ended }: Watcher): () => void {
  let now = noOutput;
  let attempt = 0;
  let seq = 0;
  let source: EventSource | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const change = (part: Partial<Output>) => tell((now = { ...now, ...part }));
  const hear = (event: MessageEvent<string>) => {
    const piece = JSON.parse(event.data) as Piece;
    const anew = piece.attempt_id !== attempt;
    if (!anew && piece.seq !== 0 && piece.seq <= seq) return;
    attempt = piece.attempt_id;
    seq = anew ? piece.seq : Math.max(seq, piece.seq);
    change({ stretches: addPiece(anew ? [] : now.stretches, piece) });
  };
  const stop = () => {
    clearTimeout(retry);
    source?.close();
    source = null;
  };
  const connect = () => {
    attempt = 0; // what is still known comes again
    source = new EventSource(`/api/requests/${id}/output`);
    source.addEventListener('output', hear as EventListener);
    source.addEventListener('away', () => change({ away: true }));
    source.addEventListener('back', () => change({ away: false }));
    // Whoever still shows it then looks again: a lost run that was taken up begins anew.
    source.addEventListener('end', () => {
      stop();
      ended();
      retry = setTimeout(look, again);
    });
    source.onopen = () => change({ away: false });
    source.onerror = () => {
      // A browser gives up for good when the answer was an error.
      if (source?.readyState === EventSource.CLOSED) retry = setTimeout(connect, again);
    };
  };
  // A browser has six connections for all its tabs: nobody watches a hidden one.
  const look = () => {
    stop();
    if (!document.hidden) connect();
  };
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    stop();
  };
}
