// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"fmt"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// run runs a script as Argo CD does by default: with the libraries package, base and
// table, of os only time and date, and the object as the global obj.
func run(t *testing.T, script string, object map[string]any) *lua.LTable {
	t.Helper()
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	state.PreloadModule(lua.OsLibName, safeOS)
	state.SetContext(t.Context())
	state.SetGlobal("obj", toLua(state, object))
	if err := state.DoString(script); err != nil {
		t.Fatal(err)
	}
	result, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("the script returned %s, not a table", state.Get(-1).Type())
	}
	return result
}

// safeOS loads the two functions of os that harm nobody.
func safeOS(state *lua.LState) int {
	lua.OpenOs(state)
	full := state.CheckTable(-1)
	safe := state.NewTable()
	for _, name := range []string{"time", "date"} {
		safe.RawSetString(name, full.RawGetString(name))
	}
	state.SetGlobal(lua.OsLibName, lua.LNil)
	state.Push(safe)
	return 1
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case nil:
		return lua.LNil
	case bool:
		return lua.LBool(v)
	case string:
		return lua.LString(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case []any:
		table := state.NewTable()
		for _, item := range v {
			table.Append(toLua(state, item))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for key, item := range v {
			table.RawSetString(key, toLua(state, item))
		}
		return table
	default:
		panic(fmt.Sprintf("%T is not of JSON", value))
	}
}

// fromLua is toLua the other way round. An empty table may be a list or an object; like
// Argo CD it then goes by what stood there before.
func fromLua(value lua.LValue, before any) any {
	switch v := value.(type) {
	case lua.LBool:
		return bool(v)
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return float64(v)
	case *lua.LTable:
		return fromTable(v, before)
	default:
		return nil
	}
}

func fromTable(table *lua.LTable, before any) any {
	if length := table.Len(); length > 0 {
		was, _ := before.([]any)
		list := make([]any, length)
		for i := range list {
			var item any
			if i < len(was) {
				item = was[i]
			}
			list[i] = fromLua(table.RawGetInt(i+1), item)
		}
		return list
	}
	was, _ := before.(map[string]any)
	object := map[string]any{}
	table.ForEach(func(key, item lua.LValue) { object[key.String()] = fromLua(item, was[key.String()]) })
	if len(object) == 0 && before != nil {
		return before
	}
	return object
}
