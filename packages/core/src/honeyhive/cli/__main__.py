"""``python -m honeyhive.cli``: the command line where no script is installed."""

from honeyhive.cli import main

if __name__ == "__main__":
    main()
