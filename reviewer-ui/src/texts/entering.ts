// Texts of the second factor, and of links that are opened while somebody is signed in.
import { many } from './many';

export const entering = {
  factor: {
    title: 'Second factor',
    about:
      'A code from an app on your phone, asked for after your password. Whoever has only your ' +
      'password does not get in.',
    off: 'Off',
    on: (since: string) => `On since ${since}`,
    left: (n: number) => `${many(n, 'recovery code', 'recovery codes')} left`,
    few: 'Set it up anew to get ten new ones, before you need them.',
    setUp: 'Set up',
    setUpAnew: 'Set up anew',
    turnOff: 'Turn off',
    cancel: 'Cancel',
    cancelled: 'Nothing was changed: you have not confirmed that it is you.',
    replaces: 'The app that you use now counts until you turn on the new one.',

    scan: 'Scan this with an authenticator app',
    picture: 'QR code of the key below, for an authenticator app',
    typeKey: 'Or type this key into the app',
    key: 'Key',
    openApp: 'Open in an app on this device',
    copyKey: 'Copy key',
    enter: 'Enter the code that the app shows',
    turnOn: 'Turn on',
    isOn: 'Your second factor is on. Your other sessions have ended.',
    isOff: 'Your second factor is off.',

    kept: 'Keep your recovery codes',
    keptAbout:
      'Each signs you in once when your phone is not there. They are shown only now: print them ' +
      'or keep them where you keep passwords.',
    codes: 'Recovery codes',
    copyCodes: 'Copy',
    download: 'Download',
    file: 'countersign-recovery-codes.txt',
    fileHead: (login: string) => `Recovery codes of ${login}, each for one sign-in`,
    done: 'I have kept them',

    offTitle: 'Turn off the second factor?',
    offAbout: 'Then your password alone signs you in. Enter a code to show that it is you.',

    offNext: 'Confirmed. Now enter the next code that the app shows.',

    code: { app: 'Code', recovery: 'Recovery code' },
    empty: { app: 'Enter the six digits that the app shows.', recovery: 'Enter a recovery code.' },
    wrong: {
      app: 'This code is not right. Each counts once and for half a minute: wait for the next.',
      recovery: 'This is no recovery code of yours, or it was used before.',
    },
    instead: {
      app: 'Use a recovery code instead',
      recovery: 'Use a code of the app instead',
    },
    stepTitle: 'Enter your code',
    stepAbout: 'Your password is right. Now the code that your authenticator app shows.',
    linkAbout: 'Your link is good. Now the code that your authenticator app shows.',
    begin: 'Back to login and password',

    missingTitle: 'One more step',
    missing:
      'Reviewers and admins sign in here with a second factor. Everything else opens once you ' +
      'have set it up.',
  },

  otherPerson: {
    title: 'Sign in with this link?',
    about: (name: string) =>
      `You are signed in as ${name}. Sign in as the person this link is for instead?`,
    ends: 'Your session here ends. What you wrote is kept on this device.',
    go: 'Sign in with the link',
    stay: (name: string) => `Stay signed in as ${name}`,
  },
};
