/** The simulation finds each of these bugs: what finds none of them proves nothing. */
import { hunt } from './hunt.js';
import { PLANTED_DATA } from './planted-data.js';

hunt(PLANTED_DATA);
