using Quickstart;

if (ScriptSettings.AreConfigured)
{
    return await ScriptMode.RunAsync();
}

return await Demo.RunAsync(json: args.Contains("--json"));
