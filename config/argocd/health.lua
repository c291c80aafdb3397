-- SPDX-License-Identifier: Apache-2.0
-- The health of a Group, Connection or ClusterConnection. Their conditions follow
-- kstatus, and so does this script: Degraded is what needs a person (Stalled),
-- Progressing what goes on by itself. It uses no library.

local function verdict(status, condition)
  return {status = status, message = condition.reason .. ": " .. condition.message}
end

local status = obj.status or {}
local ready, reconciling, stalled
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" then
    ready = condition
  elseif condition.type == "Reconciling" and condition.status == "True" then
    reconciling = condition
  elseif condition.type == "Stalled" and condition.status == "True" then
    stalled = condition
  end
end

-- A status that was written of an earlier generation says nothing of this one; -1
-- stands there before anybody has looked.
local generation = obj.metadata.generation
if ready == nil or status.observedGeneration ~= generation or ready.observedGeneration ~= generation then
  return {status = "Progressing", message = "Waiting for the operator to look at it"}
end

if obj.metadata.deletionTimestamp ~= nil then
  return verdict("Progressing", ready)
elseif stalled ~= nil then
  return verdict("Degraded", stalled)
elseif ready.reason == "Suspended" then
  return verdict("Suspended", ready)
elseif reconciling == nil and ready.status == "True" then
  return verdict("Healthy", ready)
end
return verdict("Progressing", ready)
