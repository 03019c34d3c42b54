// Loaded after every report that was sent, whether or not a code is asked for: its words, for the sent page.

import { isWord, split, toWords } from "./code.js";

globalThis.witnessboxWords = { isWord, split, toWords };
