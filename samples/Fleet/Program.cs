using System.Globalization;
using Fleet;
using Garnet;

// The same program is the demonstration, each replica of the service, and the store.
switch (args)
{
    case ["replica"]:
        await Replica.RunAsync(ReplicaSettings.FromEnvironment());
        return 0;
    case ["store", string port]:
        using (GarnetServer store = new(["--bind", "127.0.0.1", "--port", port, "--lua", "true", "--memory", "64m", "--index", "4m"]))
        {
            store.Start();
            Console.Read(); // until the demonstration has ended
        }

        return 0;
    default:
        return await new Demo(DemoOptions.Parse(args, CultureInfo.InvariantCulture)).RunAsync();
}
