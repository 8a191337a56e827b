#!/bin/sh
# The browser tests drive Debian's Chromium. Install it where that is possible; say so where it is not.
set -u
browser="${CHROMIUM:-/usr/bin/chromium}"
[ -x "$browser" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing chromium"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-dejavu-core; } >/dev/null 2>&1
fi
[ -x "$browser" ] && exit 0
if [ "${CI:-}" = true ]; then
  echo "No browser at $browser and none could be installed: a failure in CI." >&2
  exit 1
fi
echo "No browser at $browser: browser tests will be skipped. Install Debian's chromium, or set CHROMIUM."
