/** How the properties are checked: with new cases each time, but the same ones under CI. */

import fc from "fast-check";

fc.configureGlobal(process.env.CI ? { seed: 1 } : {});
