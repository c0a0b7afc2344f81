/** The blocks of README.md. */
import { testBlocks } from '../page-blocks.js';

testBlocks('README.md');
