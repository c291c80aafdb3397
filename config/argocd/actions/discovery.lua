-- SPDX-License-Identifier: Apache-2.0
-- What can be done with a Group now.

local suspended = obj.spec.suspend == true
return {
  reconcile = {disabled = suspended},
  suspend = {disabled = suspended},
  resume = {disabled = not suspended},
}
