"""`python -m archiver`: the command line. In: words. Out: an exit code. Never: logic."""

from archiver.cli import main

if __name__ == "__main__":
    main()
