"""Does a method keep its contract; are published figures met?"""
