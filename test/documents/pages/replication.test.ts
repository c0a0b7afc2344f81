/** The blocks of src/replication/README.md. */
import { testBlocks } from '../page-blocks.js';

testBlocks('src/replication/README.md');
