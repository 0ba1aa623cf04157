from sciner.cli.main import main

main()
