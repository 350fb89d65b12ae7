// Line icons on a 20 by 20 grid, drawn for this page.
const paths = {
  check: 'm4.5 10.5 3.7 3.7 7.3-8',
  cross: 'm5.5 5.5 9 9m0-9-9 9',
  speech: 'M3.5 4.5h13v9h-7l-3.5 3v-3h-2.5z',
  undo: 'M7.5 4.5 4 8l3.5 3.5M4.5 8h7a4 4 0 0 1 0 8H8',
  search: 'M13.2 13.2 17 17M14.5 9a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0z',
  sun:
    'M10 6.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4zM10 2.3v1.6M10 16.1v1.6M2.3 10h1.6' +
    'M16.1 10h1.6M4.6 4.6l1.1 1.1M14.3 14.3l1.1 1.1M4.6 15.4l1.1-1.1M14.3 5.7l1.1-1.1',
  moon: 'M16.5 11.8A6.8 6.8 0 0 1 8.2 3.5a6.8 6.8 0 1 0 8.3 8.3z',
  screen: 'M3 4.5h14v9H3zM7.5 16.5h5M10 13.5v3',
  file: 'M5.5 2.8h6l3.5 3.5v10.9h-9.5zM11.5 2.8v3.5H15',
  data:
    'M4 5.2c0-1.3 2.7-2.2 6-2.2s6 .9 6 2.2-2.7 2.2-6 2.2-6-.9-6-2.2z' +
    'M4 5.2v9.6c0 1.3 2.7 2.2 6 2.2s6-.9 6-2.2V5.2M4 10c0 1.3 2.7 2.2 6 2.2s6-.9 6-2.2',
  globe:
    'M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4zM3 10h14' +
    'M10 2.8c2.2 2 3 4.5 3 7.2s-.8 5.2-3 7.2c-2.2-2-3-4.5-3-7.2s.8-5.2 3-7.2z',
  clock: 'M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4zM10 6v4.2l2.8 1.6',
  shield: 'M10 2.8 4.3 5v4.6c0 3.6 2.4 6.3 5.7 7.6 3.3-1.3 5.7-4 5.7-7.6V5z',
  pencil: 'm4 16 .8-3.3L13.5 4l2.5 2.5-8.7 8.7zM11.8 5.7l2.5 2.5',
  download: 'M10 3v9m0 0 3.5-3.5M10 12 6.5 8.5M3.5 16.5h13',
  link:
    'M8.5 11.5a3 3 0 0 0 4.2 0l3-3a3 3 0 0 0-4.2-4.2l-1 1' +
    'M11.5 8.5a3 3 0 0 0-4.2 0l-3 3a3 3 0 0 0 4.2 4.2l1-1',
  left: 'M12.5 4.5 7 10l5.5 5.5',
  right: 'M7.5 4.5 13 10l-5.5 5.5',
  list: 'M7 5h10M7 10h10M7 15h10M3.5 5h.01M3.5 10h.01M3.5 15h.01',
  robot: 'M4 8h12v8H4zM10 8V4.5M7.5 11.5v1M12.5 11.5v1M8.5 3.8h3',
  machine: 'M3.5 4h13v5h-13zM3.5 11h13v5h-13zM6.5 6.5h.01M6.5 13.5h.01',
  again: 'M15.5 10a5.5 5.5 0 1 1-1.6-3.9L15.5 7.7M15.5 4v3.7h-3.7',
  code: 'm7 5.5-4.5 4.5 4.5 4.5M13 5.5l4.5 4.5-4.5 4.5',
  chart: 'M4 16.5V10M8 16.5V4.5M12 16.5V8M16 16.5v-4',
  copy: 'M7 7h9v9H7zM4 13V4h9',
  plus: 'M10 4v12M4 10h12',
  stop: 'M5 5h10v10H5z',
  up: 'M10 16V4m0 0L5.5 8.5M10 4l4.5 4.5',
  down: 'M10 4v12m0 0 4.5-4.5M10 16l-4.5-4.5',
  key: 'M11.5 8.5 17 3M14.5 5.5l2 2M12.3 11.2a3.8 3.8 0 1 1-5.4-3.4 3.8 3.8 0 0 1 5.4 3.4z',
  leave: 'M11.5 3.5h-7v13h7M8.5 10h8.5m0 0-3-3m3 3-3 3',
  eye:
    'M2.5 10S5.3 4.8 10 4.8 17.5 10 17.5 10 14.7 15.2 10 15.2 2.5 10 2.5 10z' +
    'M10 7.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

export type Tone = 'high' | 'medium' | 'low' | 'info' | 'plain';

const shapes: Record<Tone, string> = {
  high: 'M7 2.8h6L17.2 7v6L13 17.2H7L2.8 13V7z',
  medium: 'M10 3 17.5 16.5h-15z',
  low: 'M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4z',
  info: 'M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4z',
  plain: 'M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4z',
};

const insides: Record<Tone, string> = {
  high: 'M10 6.3v4.5M10 13.6v.1',
  medium: 'M10 8v3.7M10 14v.1',
  low: 'm6.8 10.3 2.3 2.3 4.2-4.7',
  info: 'M10 9.3v4.2M10 6.5v.1',
  plain: 'M10 6v4.2l2.8 1.6',
};

// Shape and colour; the word stands next to it.
export function Sign({ tone, size = 16 }: { tone: Tone; size?: number }) {
  return (
    <svg
      class={`icon tone-${tone}`}
      width={size}
      height={size}
      viewBox="0 0 20 20"
      aria-hidden="true"
    >
      <path d={shapes[tone]} />
      <path d={insides[tone]} />
    </svg>
  );
}

export function Logo() {
  return (
    <span class="logo" aria-hidden="true">
      <svg width="16" height="16" viewBox="0 0 20 20" class="icon">
        <path d={paths.shield} />
        <path d="m7.4 9.9 2 2 3.4-3.7" />
      </svg>
    </span>
  );
}
