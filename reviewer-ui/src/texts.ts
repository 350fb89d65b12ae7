// Every text of the page, in one catalogue; the larger views have a file each in texts/.
import { formatClock, formatNumber } from './base/format';
import { asking } from './texts/asking';
import { auditing } from './texts/auditing';
import { entering } from './texts/entering';
import { many } from './texts/many';
import { reviewing } from './texts/reviewing';
import { running } from './texts/running';

export const t = {
  ...asking,
  ...auditing,
  ...entering,
  ...reviewing,
  ...running,
  product: 'Countersign',
  skip: 'Skip to the content',
  loading: 'Loading…',
  close: 'Close',
  back: 'Back to the list',
  more: 'Show more',
  tryAgain: 'Try again',
  copied: 'Copied',
  copy: 'Copy',
  copyLink: 'Copy link',
  untitled: 'Untitled request',
  number: (id: number) => `#${id}`,
  language: (name: string) => ({ python: 'Python', sql: 'SQL' })[name] ?? name,
  codeName: (language: string) => (language === 'sql' ? 'query.sql' : 'query.py'),
  lines: (n: number) => many(n, 'line', 'lines'),
  version: (n: number) => `Version ${n}`,
  versionOf: (n: number, all: number) => `Version ${n} of ${all}`,
  now: 'now',
  justNow: 'just now',
  ago: (span: string) => `${span} ago`,
  agent: 'Agent',
  ofOwner: (name: string) => `agent of ${name}`,

  clock: {
    expires: (span: string) => `expires in ${span}`,
    agesOut: (span: string) => `approval ends in ${span}`,
    waits: (span: string) => `waits ${span}`,
    reminded: (span: string) => `waits ${span}, reminder sent`,
    overdue: 'Overdue',
    escalated: 'Escalated',
  },

  glass: {
    sign: 'Approved by one person alone (break-glass)',
    button: 'Break the glass',
    title: (id: number) => `Approve #${id} alone?`,
    intro: (n: number) =>
      `This needs ${many(n, 'person', 'people')}. You approve it alone: all admins see that, ` +
      'and it stays in the audit trail with your reason.',
    reason: 'Reason, at least 20 characters',
    short: 'Write at least 20 characters: why can it not wait?',
    submit: 'Approve alone',
    no: 'No, let it wait',
    done: (id: number) => `You approved #${id} alone.`,
    unproved: 'Not approved: you have not confirmed that it is you. Your reason is kept.',
    list: 'Break-glass',
  },

  nav: {
    label: 'Main',
    ask: 'Ask',
    review: 'Review',
    requests: 'Requests',
    workers: 'Workers',
    audit: 'Audit',
    account: 'Account',
    waiting: (n: number) => `${formatNumber(n)} waiting`,
    theme: 'Theme',
    themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
    password: 'Set a password',
    help: 'Keyboard shortcuts',
    signOut: 'Sign out',
    signedInAs: (login: string) => `Signed in as ${login}`,
    search: 'Search or jump to…',
  },

  live: {
    live: 'Live',
    reconnecting: 'Reconnecting…',
    since: (at: number) => `Not live since ${formatClock(at)}, checking every 5 s`,
    checking: 'Checking',
    notLive: 'Not live',
    offline: 'Offline',
    workers: (ready: number, all: number) =>
      all === 0 ? 'No worker' : `${ready} of ${many(all, 'worker', 'workers')} ready`,
    stillWork: 'Decisions still work.',
    offlineHelp: 'You are offline. Nothing can be sent until the connection is back.',
    added: (n: number) => `${many(n, 'new request', 'new requests')} to review`,
  },

  messages: 'Messages',

  session: {
    label: 'Session',
    ending: (at: string) => `You will be signed out at ${at}. What you wrote is kept.`,
    signInAgain: 'Sign in again',
    ended: 'Your session has ended. Sign in again: what you wrote is kept on this device.',
  },

  signIn: {
    title: 'Sign in',
    intro: 'A second pair of eyes for code that an assistant wrote.',
    login: 'Login',
    password: 'Password',
    show: 'Show password',
    submit: 'Sign in',
    busy: 'Signing in…',
    wrong: 'Login or password is not right.',
    throttled: (span: string) => `Too many tries. Try again in ${span}.`,
    emptyLogin: 'Enter your login.',
    emptyPassword: 'Enter your password.',
    noPassword: 'No password yet? Ask your admin for a one-time sign\u2011in link.',
    linkTitle: 'Signing you in',
    linkIntro: 'Your one-time link is being checked.',
    linkWrong: 'This link does not work any more.',
    linkHelp: 'Sign-in links work once and only for a short time. Ask your admin for a new one.',
    withPassword: 'Sign in with a password',
    byProxy: 'Sign in as your network knows you',
    byProvider: 'Single sign\u2011on',
    providerIntro: 'Your single sign\u2011on is being checked.',
    providerWrong: 'Single sign\u2011on did not work: nobody here, or it took too long. Try again.',
    providerRefused: 'Your provider did not sign you in.',
    proxyWrong: 'Nobody here has the login that your network gives you. Ask your admin.',
  },

  prove: {
    title: 'Confirm that it is you',
    why: {
      approve: (span: string) =>
        `This code is of high risk. To approve it, show who you are: the last time was more ` +
        `than ${span} ago, or somebody else vouched for you. Your note is kept.`,
      glass: (span: string) =>
        `To approve alone, show who you are: the last time was more than ${span} ago, or ` +
        `somebody else vouched for you. Your reason is kept.`,
      retention: (span: string) =>
        `To have rows of the audit trail dropped, show who you are: the last time was more ` +
        `than ${span} ago, or somebody else vouched for you. What you wrote is kept.`,
      factor: (span: string) =>
        `To change how you sign in, show who you are: the last time was more than ${span} ago, ` +
        'or somebody else vouched for you.',
    },
    submit: {
      approve: 'Confirm and approve',
      glass: 'Confirm and approve alone',
      retention: 'Confirm and go on',
      factor: 'Confirm and go on',
    },
    cancel: 'Not now',
    back: 'Back',
    empty: 'Enter your password.',
    wrong: 'This is not your password.',
    provider: 'Confirm by single sign\u2011on',
    providerHelp: 'You come back here and press the button once more.',
    none: (span: string) =>
      'You have no password here. Ask your admin for a one-time sign\u2011in link and open it in ' +
      `this browser: that counts for ${span}. Then set a password for the next time.`,
    cancelled: 'Not approved: you have not confirmed that it is you. Your note is kept.',
    done: 'Confirmed. You can approve now.',
  },

  password: {
    title: 'Set a password',
    intro: 'You came in with a one-time link. With a password you can come back without asking.',
    change: 'Change your password',
    current: 'Your password now',
    next: 'New password',
    rule: 'At least 8 characters. A sentence is easy to remember and hard to guess.',
    submit: 'Save password',
    later: 'Later',
    saved: 'Your password is saved.',
    common:
      'Many people have this password, or it is little more than a name or word of this place: ' +
      'it is guessed first. Choose another.',
    short: 'Use at least 8 characters.',
    long: 'Use at most 1,024 bytes.',
    wrong: 'This is not your password.',
  },

  sessions: {
    title: 'Where you are signed in',
    this: 'This session',
    unknown: 'Unknown program',
    how: {
      password: 'By password',
      link: 'By a one-time link',
      proxy: 'By single sign-on',
      oidc: 'By single sign-on',
    },
    from: (address: string) => `from ${address}`,
    since: (at: string) => `signed in ${at}`,
    used: 'used',
    end: 'End',
    program: (browser: string, system: string) =>
      system ? `${browser} on ${system}` : browser,
    endOne: (agent: string, address: string) => `End the session of ${agent} from ${address}`,
    endOthers: 'End all others',
    ended: 'Ended.',
  },

  state: {
    drafting: 'Being written',
    needs_answer: 'Needs an answer',
    pending: 'Waiting for review',
    changes_requested: 'Change asked for',
    approved: 'Approved',
    running: 'Running',
    outcome_unknown: 'Outcome unknown',
    blocked: 'Blocked',
    draft_failed: 'Could not be written',
    rejected: 'Not approved',
    cancelled: 'Cancelled',
    expired: 'Expired',
    succeeded: 'Done',
    failed: 'Failed',
  } as Record<string, string>,

  requests: {
    title: 'Requests',
    mine: 'Mine',
    overdue: 'Overdue',
    all: 'All',
    search: 'Search requests',
    anyState: 'Any state',
    stateLabel: 'State',
    empty: 'No requests yet.',
    emptyFilter: 'Nothing matches.',
    columns: {
      id: 'Number',
      title: 'Request',
      state: 'State',
      by: 'Asked by',
      when: 'Since',
      cost: 'Cost',
    },
    which: 'Whose requests',
  },

  workers: {
    title: 'Workers',
    intro:
      'Workers run approved code. Each runs several jobs at once, each in a sandbox of its own.',
    none: 'No worker has reported yet. Approved requests wait until one does.',
    columns: {
      name: 'Name',
      state: 'State',
      jobs: 'Jobs',
      sandbox: 'Sandbox',
      version: 'Version',
      seen: 'Last heard',
    },
    ready: 'Ready',
    gone: 'Not answering',
    notReady: 'Not ready',
    weaker: 'weaker limits',
    jobs: (running: number, slots: number) => `${running} of ${slots}`,
    notAllowed: 'Only admins can see the workers.',
  },

  keys: {
    title: 'Keyboard shortcuts',
    move: 'Move',
    decide: 'Decide',
    look: 'Look',
    nextPrevious: 'Next / previous request',
    openBack: 'Open / back to list',
    search: 'Search and jump',
    approve: 'Approve, then Enter to confirm',
    change: 'Ask for a change',
    reject: 'Reject',
    undo: 'Undo last approval',
    tabs: 'Code / changes / question / activity',
    theme: 'Theme',
    help: 'This help',
    single: 'Use single-key shortcuts',
  },

  jump: {
    title: 'Search and jump',
    hint: 'Words of a title, or a number',
    nothing: 'Nothing found.',
    goTo: (id: number) => `Go to #${id}`,
  },

  errors: {
    csrf: 'Somebody else signed in in this browser. Load the page again.',
    unreachable: 'The server does not answer. What you wrote is kept; try again.',
    throttled: (span: string) => `Too many requests. Try again in ${span}.`,
    wrong_state: 'This can not be done any more: the request has moved on.',
    not_found: 'This request does not exist, or is not shared with you.',
    forbidden: 'You may not do this.',
    unavailable: 'A part of the service is away. Try again in a moment.',
    other: 'That did not work. Try again.',
  },

  nowhere: 'There is no such page.',
  goHome: 'Go to the start',
};
