/** The simulation finds each of these bugs: what finds none of them proves nothing. */
import { hunt } from './planted/hunt.js';
import { PLANTED_READS } from './planted/reads.js';

hunt(PLANTED_READS);
