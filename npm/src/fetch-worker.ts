/** The entry of the worker that fetches a model and converts it: the page's own. */

import "../../web/hub/worker.js";
