"""`python -m nonlin`: the command."""

from nonlin.cli import main

if __name__ == "__main__":
    main()
