"""python -m train site: write the page without a server into a folder."""

import argparse
from pathlib import Path

from train.cli.command import Commands, add_command
from train.home import Home
from train.site.site import SiteOptions, site_files, write_site


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    parser = add_command(commands, "site", "write a page that needs no server, for any file server", _site)
    parser.add_argument("folder", metavar="OUT", type=Path, help="the folder, new or with an older site")
    add_site_options(parser)


def add_site_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hub", default="", metavar="OWNER/NAME", help="a collection that the page reads as well; @revision pins it"
    )
    parser.add_argument("--app", default="", metavar="URL", help="where the full app is, for a link to it")


def _site(options: argparse.Namespace, home: Home) -> int:
    files = site_files(home, SiteOptions(options.hub, options.app))
    write_site(options.folder, files)
    megabytes = sum(map(len, files.values())) / 1e6
    print(f"Wrote {len(files)} files ({megabytes:.1f} MB). Try it: python -m http.server -d {options.folder}")
    return 0
