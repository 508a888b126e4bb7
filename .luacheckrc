-- For the scripts that Redis runs: bot/store/lua.
std = "lua51"
read_globals = {"redis", "cjson", "KEYS", "ARGV"}
