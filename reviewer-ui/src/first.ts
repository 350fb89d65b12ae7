// Sets the theme before the first paint. The rest of the page loads later.
import { readTheme, applyTheme } from './base/theme';

applyTheme(readTheme());
