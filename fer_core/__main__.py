"""`python -m fer_core VERB`: the command line."""

from fer_core.cli import main

if __name__ == "__main__":
    main()
