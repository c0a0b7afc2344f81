/**
 * The commands that draw or measure, behind one import that is made when one of them runs. A single file of the bundle holds
 * them all, so that every other command loads fewer files.
 */
export { latency } from './latency.js';
export { monitor } from './monitor.js';
export { showStatus } from './status-command.js';
export { top } from './top.js';
