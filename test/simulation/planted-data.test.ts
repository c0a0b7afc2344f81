/** The simulation finds each of these bugs: what finds none of them proves nothing. */

import { PLANTED_DATA } from './planted/data.js';
import { hunt } from './planted/hunt.js';

hunt(PLANTED_DATA);
