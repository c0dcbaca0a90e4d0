"""What fabfile.py stands on: an archive, hosts, and the way a release goes to them and back."""
