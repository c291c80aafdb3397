-- SPDX-License-Identifier: Apache-2.0
-- Holds every remote write back.

obj.spec.suspend = true
return obj
