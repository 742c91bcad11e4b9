"""The auditor's commands over archives: ``truc audit``, ``truc evidence``, ``truc blast-radius``."""
