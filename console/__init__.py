"""What people see: the ``truc`` command and its reports, in English and Vietnamese."""
