//! What processes take of the machine's memory.

use std::collections::BTreeMap;
use std::fs;

/// Resident bytes of the largest page of a browser that this process has started; `None` where the system does not tell.
///
/// A browser keeps a process for each site, and an empty one for the next: the largest one is that of the page in use.
pub(crate) fn of_largest_page(driver: u32) -> Option<u64> {
    let parents: BTreeMap<u32, u32> = fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|process| Some((process, field(process, "PPid:")?.parse().ok()?)))
        .collect();
    let descends = |process: u32| {
        let mut ancestors =
            std::iter::successors(Some(process), |child| parents.get(child).copied());
        ancestors.any(|ancestor| ancestor == driver)
    };
    let pages = parents
        .keys()
        .copied()
        .filter(|process| is_page(*process) && descends(*process));
    let resident = |process| {
        let kibibytes = field(process, "VmRSS:")?;
        let kibibytes: u64 = kibibytes.trim_end_matches("kB").trim_end().parse().ok()?;
        Some(kibibytes * 1_024)
    };
    pages.filter_map(resident).max()
}

fn is_page(process: u32) -> bool {
    // Chromium rewrites its command line with blanks between the arguments.
    fs::read(format!("/proc/{process}/cmdline")).is_ok_and(|line| {
        let mut arguments = line.split(|byte| matches!(byte, b' ' | 0));
        arguments.any(|argument| argument == b"--type=renderer")
    })
}

/// A line of the process's status.
fn field(process: u32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let mut lines = status.lines();
    let value = lines.find_map(|line| line.strip_prefix(name))?;
    Some(value.trim().to_owned())
}
