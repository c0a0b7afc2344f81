/** The blocks of src/backup/README.md. */
import { testBlocks } from '../page-blocks.js';

testBlocks('src/backup/README.md');
