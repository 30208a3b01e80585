# Where the tools that builders use are. Replaced when a test unpacks it.
"/run/current-system/sw/bin:/usr/bin:/bin"
