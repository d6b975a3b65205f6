using Quickstart;

return ScriptMode.IsConfigured ? await ScriptMode.RunAsync() : await Play.RunAsync(json: args.Contains("--json"));
