-- SPDX-License-Identifier: Apache-2.0
-- Goes on after a suspension.

obj.spec.suspend = false
return obj
