// Defences of who somebody is: sessions, recent proof, a proxy's word, an OpenID provider's.
const sessions = 'sql/functions/sessions.sql';
const signIn = 'flow/api_sign_in.test.mjs';

export default [
    { id: 'sessions-others', defence: 'The sessions of others are an admin\'s business',
      file: 'sql/functions/reads_people.sql',
      was: "elsif not coalesce(has_role(who, 'admin'), false) then", becomes: 'elsif false then',
      test: ['sql/sessions.sql', 'nobody ends those of others'] },
    { id: 'fresh-age', defence: 'An old proof of who somebody is counts no more',
      file: sessions,
      was: 'and s.authenticated_at > clock_timestamp() - make_interval(secs => seconds))',
      becomes: 'and s.authenticated_at is not null)',
      test: ['sql/sessions.sql', 'nor too long ago'] },
    { id: 'fresh-proxy', defence: 'A proxy\'s word is no recent proof',
      file: sessions,
      was: "case when how <> 'proxy' then clock_timestamp() end)", becomes: 'clock_timestamp())',
      test: ['sql/sessions.sql', 'not when a proxy said so'] },
    { id: 'first-password', defence: 'An open page alone sets no first password',
      file: 'api/password_routes.c',
      was: 'return check_fresh(call, err);', becomes: 'return true;',
      test: [signIn, 'a session is confirmed by the password, and by nothing else'] },
    { id: 'confirm-password', defence: 'A session is confirmed by the right password alone',
      file: 'api/password_routes.c',
      was: 'if (matches)\n        return true;', becomes: 'if (true)\n        return true;',
      test: [signIn, 'a session is confirmed by the password, and by nothing else'] },
];
