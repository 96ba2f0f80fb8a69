using Deque.AxeCore.Commons;
using Tidegate.Tests.Kit.Browsers;
using Xunit;

namespace Tidegate.Tests.EndToEnd.LocalPage;

/// <summary>What must hold of the page however it looks: accessible by axe's rules for WCAG 2.2 AA, no sideways scrolling, nothing the browser complains of.</summary>
internal static class PageChecks
{
    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    /// <summary>Looks at the page in both schemes, wide and on a phone, and takes a picture of each.</summary>
    public static async Task LookAllWaysAsync(this ChromiumBrowser browser, string name)
    {
        foreach (var phone in new[] { false, true })
        {
            await browser.LookAsync(name, phone, dark: false);
            await browser.LookAsync(name, phone, dark: true);
        }
    }

    /// <summary>Looks at it in one way.</summary>
    public static async Task LookAsync(this ChromiumBrowser browser, string name, bool phone, bool dark)
    {
        var (width, height) = phone ? (390, 844) : (1180, 900);
        var what = $"{name}-{(phone ? "phone" : "wide")}-{(dark ? "dark" : "light")}";
        await browser.ShowAsAsync(width, height, dark);
        Assert.True((await browser.EvaluateAsync("document.documentElement.scrollWidth <= window.innerWidth"))!.GetValue<bool>(), $"{what} scrolls sideways");
        await browser.AccessibleAsync(what);
        await browser.PictureAsync(what, width, dark);
        Assert.Empty(await browser.ComplaintsAsync());
    }

    private static async Task AccessibleAsync(this ChromiumBrowser browser, string what)
    {
        await browser.RunAsync($"if (!window.axe) {{ {Axe} }}");
        var violations = await browser.EvaluateAsync(
            """
            axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
               .then(r => r.violations.map(v => v.id + ": " + v.help + " at " + v.nodes.map(n => n.target + " (" + n.failureSummary + ")").join("; ")))
            """);
        Assert.True(violations!.AsArray().Count == 0, $"{what}:\n{string.Join('\n', violations.AsArray().Select(static v => (string)v!))}");
    }
}
