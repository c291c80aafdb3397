-- SPDX-License-Identifier: Apache-2.0
-- Asks for a look now, with a fresh read of the remote group.

local os = require("os")
local annotations = obj.metadata.annotations or {}
annotations["klink.cloud/reconcile-requested-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
obj.metadata.annotations = annotations
return obj
