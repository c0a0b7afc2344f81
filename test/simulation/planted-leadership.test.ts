/** The simulation finds each of these bugs: what finds none of them proves nothing. */
import { hunt } from './planted/hunt.js';
import { PLANTED_LEADERSHIP } from './planted/leadership.js';

hunt(PLANTED_LEADERSHIP);
